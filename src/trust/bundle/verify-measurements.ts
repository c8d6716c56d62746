import {MalformedError} from '../../attestation/bytes.ts';
import {parseMeasurementsFile} from '../../attestation/measurements-file.ts';
import {AppError} from '../../errors.ts';
import {releaseText} from '../measurements/release-path.ts';
import {signerOf} from '../measurements/signer.ts';
import {judgeEntries} from '../transparency/prove.ts';
import {logWords} from '../transparency/verdict.ts';
import type {Part} from './part.ts';
import type {Anchors, PartVerdict} from './verdict.ts';

/** A measurements file: signed by a key that counts for its image, of the image in its name, and truly in the log if it says so. */
export function verifyMeasurementsPart({name, blobs}: Part, {signersOf, log}: Anchors): PartVerdict {
	const [content = new Uint8Array(), signature = new Uint8Array(), entry] = blobs;
	try {
		// Which key counts depends on the image, so the file is read first; nothing of it is used before the signature holds.
		const file = parseMeasurementsFile(content);
		const signer = signerOf(content, signature, signersOf(file));
		if (signer === undefined) return {problems: ['no key that counts signed it'], expiries: []};
		if (releaseText(file) !== name) return {problems: [`it is of ${releaseText(file)}`], expiries: []};
		if (entry === undefined) return {problems: [], expiries: []};
		const {verdict} = judgeEntries([entry], {content, signature, signer: signer.key}, log);
		return {problems: verdict.state === 'logged' ? [] : [logWords(verdict)], expiries: []};
	} catch (error) {
		if (error instanceof MalformedError || error instanceof AppError) return {problems: [error.message], expiries: []};
		throw error;
	}
}
