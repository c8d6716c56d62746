/** The longest text terminals are known to take by OSC 52. */
const limit = 74_994;

/**
 * The escape sequence that puts a text into the clipboard of the terminal, also over ssh (OSC 52). Undefined when the
 * text is too long to arrive whole.
 */
export function copySequence(text: string): string | undefined {
	const encoded = Buffer.from(text).toString('base64');
	return encoded.length > limit ? undefined : `\u001B]52;c;${encoded}\u0007`;
}
