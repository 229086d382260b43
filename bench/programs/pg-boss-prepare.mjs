// Makes pg-boss's tables and a queue, so that none of it is measured.
//   node pg-boss-prepare.mjs DIRECTORY-OF-SOCKET
import PgBoss from 'pg-boss';

const boss = new PgBoss({ host: process.argv[2], user: 'bench', database: 'postgres' });
await boss.start();
await boss.createQueue('complete');
await boss.stop({ graceful: false });
process.exit();
