/** Signed measurements from elsewhere that say the same of an image as this machine does. */
export type VouchedView = {
	/** The flags that name them again; empty where the config does. */
	flags: readonly string[];
	/** Where they lie. */
	source: string;
	/** SHA-256 of their file: `sha256:` and hex. */
	digest: string;
	signer: {name: string; fingerprint: string};
	/** What the transparency log says of them, as a clause. */
	logWords: string;
};

/** What is shown of them, row by row. */
export const vouchedRows = ({source, digest, signer, logWords}: VouchedView): {label: string; text: string}[] => [
	{label: 'from', text: source},
	{label: 'signed by', text: `${signer.name}, ${signer.fingerprint.slice(0, 'sha256:'.length + 16)}…`},
	{label: 'log', text: logWords.replace(/^log /u, '')},
	{label: 'file', text: digest},
];
