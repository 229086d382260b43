// Triggers one webhook and ends when it is answered; nothing is kept on disk.
//   node node-webhooks-trigger.mjs URL FILE
import { readFileSync } from 'node:fs';
import WebHooks from 'node-webhooks';

const [url, file] = process.argv.slice(2);
const hooks = new WebHooks({ db: { complete: [url] }, httpSuccessCodes: [204] });
const events = hooks.getEmitter();
events.on('complete.success', () => process.exit());
events.on('complete.failure', () => process.exit(1));
hooks.trigger('complete', JSON.parse(readFileSync(file, 'utf8')));
