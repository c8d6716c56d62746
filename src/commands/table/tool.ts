import type {CommandSpec} from './types.ts';

/** Commands for node images and for the tool itself. */
export const toolCommands: readonly CommandSpec[] = [
	{
		name: 'image list',
		summary: 'List the images on this machine',
		flags: [],
		examples: ['constellation image list'],
	},
	{
		name: 'image make',
		summary: 'Make an image from the node program of this tool',
		flags: [
			{
				name: 'version',
				value: 'VERSION',
				description: 'Version of the image, like v1.2.3',
				env: 'CONSTELLATION_IMAGE_VERSION',
				required: true,
			},
		],
		examples: ['constellation image make --version v0.2.0'],
	},
	{
		name: 'image check',
		summary: 'Compare images with their signed measurements',
		argument: {name: 'VERSION', description: 'Image to check (default: all)', required: false},
		flags: [],
		examples: ['constellation image check v0.1.0'],
	},
	{
		name: 'doctor',
		summary: 'Check what a cluster needs; on request collect facts for a bug report',
		flags: [
			{name: 'bundle', value: 'FILE', description: 'Write facts without secrets to a new file', env: 'CONSTELLATION_BUNDLE'},
			{
				name: 'install-opentofu',
				description: 'Download the pinned OpenTofu, its checksum verified, where neither Terraform nor OpenTofu is found',
				env: 'CONSTELLATION_INSTALL_OPENTOFU',
			},
		],
		examples: ['constellation doctor', 'constellation doctor --bundle report.json'],
	},
	{
		name: 'version',
		summary: 'Print the version',
		flags: [],
		examples: ['constellation version --json'],
	},
	{
		name: 'completion',
		summary: 'Print a completion script for a shell',
		argument: {name: 'SHELL', description: 'The shell', required: true, choices: ['bash', 'zsh', 'fish', 'powershell']},
		flags: [],
		examples: ['source <(constellation completion bash)'],
	},
];
