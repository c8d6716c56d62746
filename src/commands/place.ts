import path from 'node:path';

/** How a command has to name the workspace, for lines that tell what to type next. */
export function atFolder(folder: string): {workspace?: string} {
	const relative = path.relative(process.cwd(), folder);
	return relative === '' ? {} : {workspace: relative.startsWith('..') ? folder : relative};
}
