const block = 512;

/** The content of a regular file in an uncompressed tar (POSIX ustar) archive; undefined when it has none of that name. */
export const fileInTar = (archive: Uint8Array, name: string): Uint8Array | undefined => {
	let offset = 0;
	while (offset + block <= archive.length) {
		const header = archive.subarray(offset, offset + block);
		const size = Number.parseInt(text(header, 124, 12).trim() || '0', 8);
		if (!Number.isSafeInteger(size) || size < 0 || header[0] === 0) return undefined;
		const start = offset + block;
		const type = header[156];
		const isFile = type === 0 || type === 0x30;
		if (isFile && text(header, 0, 100).replace(/^\.\//, '') === name) {
			return start + size > archive.length ? undefined : archive.subarray(start, start + size);
		}
		offset = start + Math.ceil(size / block) * block;
	}
	return undefined;
};

const text = (header: Uint8Array, start: number, length: number): string => {
	const field = header.subarray(start, start + length);
	const end = field.indexOf(0);
	return Buffer.from(end === -1 ? field : field.subarray(0, end)).toString('latin1');
};
