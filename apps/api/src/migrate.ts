// The migration step of a deployment: brings the database and the queue's part of it to the newest schema, then ends.

import { createLog, loadWorkerConfig, prepareQueue } from '@customer-service/runtime';
import { migrate } from '@customer-service/store';

const config = loadWorkerConfig();
const log = createLog('migrate', config.log_level);
const migrations = await migrate(config.direct_database_url);
await prepareQueue(config);
log.info({ migrations }, 'database is up to date');
