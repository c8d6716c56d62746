const patterns: readonly RegExp[] = [
	/-----BEGIN [^-]*-----[\s\S]*?(?:-----END [^-]*-----|$)/g,
	/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g,
	/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g,
	/\bkms:\/\/\S+/g,
	/\$2[aby]?\$\d\d\$\S+/g,
	/((?:secret|token|password|private[ _-]?key|key-data)["']?\s*[:=]\s*)("[^"]*"|'[^']*'|\S+)/gi,
];

/** A line with everything that looks like a secret replaced: keys, tokens, URIs that hold keys, hashes of secrets. */
export function redacted(line: string): string {
	return patterns.reduce(
		(text, pattern) => text.replace(pattern, (_, kept: unknown) => `${typeof kept === 'string' ? kept : ''}[redacted]`),
		line,
	);
}
