import {hostname} from 'node:os';

/** How a run names itself to others that find it at work on the same cluster. */
export const upgradeIdentity = (): string => `constellation upgrade, process ${process.pid} on ${hostname()}`;
