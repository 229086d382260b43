// Sends one job and ends: what a script does that fires with pg-boss.
//   node pg-boss-send.mjs DIRECTORY-OF-SOCKET FILE
import { readFileSync } from 'node:fs';
import PgBoss from 'pg-boss';

const [host, file] = process.argv.slice(2);
const rest = { supervise: false, schedule: false, migrate: false };
const boss = new PgBoss({ host, user: 'bench', database: 'postgres', ...rest });
await boss.start();
await boss.send('complete', JSON.parse(readFileSync(file, 'utf8')));
process.exit(); // it is durable; to stop in order would take longer
