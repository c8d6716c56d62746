import {kubernetesVersions} from '../config/versions.ts';
import {version as toolVersion} from '../version.ts';
import type {CommandModule} from './types.ts';

export const version: CommandModule = () =>
	Promise.resolve({
		command: 'version',
		data: {version: toolVersion, image: `v${toolVersion}`, kubernetes: kubernetesVersions, node: process.version},
		lines: [`constellation ${toolVersion}`],
	});
