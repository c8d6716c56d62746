import {AppError, exitCodes} from '../errors.ts';
import {writeFileOnce} from '../workspace/files.ts';

/** Writes an attestation document to a new file, exactly as it came. Throws AppError `file-exists`. */
export async function saveRawDocument(file: string, document: Uint8Array): Promise<void> {
	if (await writeFileOnce(file, document)) return;
	throw new AppError(`${file} exists; it was not touched.`, {
		code: 'file-exists',
		exitCode: exitCodes.preflight,
		next: ['Name a new file.'],
		details: {file},
	});
}
