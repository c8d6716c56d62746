#!/usr/bin/env node
import {version} from './version.ts';

// This file is read by every Node: nothing newer than ES modules may stand in it, and nothing heavy may be imported before the check.
const [major = 0, minor = 0, patch = 0] = process.versions.node.split('.').map(Number);
const isSupported =
	major >= 26 || (major === 24 && minor >= 15) || (major === 22 && (minor > 22 || (minor === 22 && patch >= 2)));

const words = process.argv.slice(2);
const asksVersion = words.length === 1 && ['version', '--version', '-V'].includes(words[0] ?? '');

if (!isSupported) {
	process.stderr.write(`constellation needs Node 22.22.2, 24.15 or 26 and newer; this is Node ${process.versions.node}.\n`);
	process.exitCode = 3;
} else if (asksVersion) {
	process.stdout.write(`constellation ${version}\n`);
} else {
	const {main} = await import('./main.ts');
	await main(words);
}
