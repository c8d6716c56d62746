import {isAbsolute, join} from 'node:path';
import {AppError, exitCodes} from '../errors.ts';

/** The user's data folder of the product: $XDG_DATA_HOME/constellation, else ~/.local/share/constellation. */
export function dataHome(env: Readonly<Record<string, string | undefined>>): string {
	const {XDG_DATA_HOME: data, HOME: home} = env;
	// The base directory specification says to ignore relative paths.
	if (data && isAbsolute(data)) return join(data, 'constellation');
	if (home && isAbsolute(home)) return join(home, '.local', 'share', 'constellation');
	throw new AppError('There is no folder for images and keys: neither XDG_DATA_HOME nor HOME is set.', {
		code: 'no-data-home',
		exitCode: exitCodes.preflight,
		next: ['Set HOME or XDG_DATA_HOME to an absolute path and run the command again.'],
	});
}

export const imagesFolder = (home: string): string => join(home, 'images');
export const releaseKeyFolder = (home: string): string => join(home, 'release-key');
