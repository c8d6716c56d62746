// Regenerates what is generated and committed: src/rpc/gen from proto/.
import {execFileSync} from 'node:child_process';

execFileSync('buf', ['generate'], {stdio: 'inherit'});
