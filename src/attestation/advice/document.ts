import {type AdviceOf, type AdviceTable, altered} from './advice.ts';

const foreignImage: AdviceOf = () => ({
	likely: 'The service runs an image that was signed by somebody else, or none that was signed.',
	step: 'Check the images with constellation image check; replace the node that runs the service.',
});

/** The evidence as a document, and what vouches for the image behind it. */
export const documentAdvice = {
	'document-malformed': altered,
	'instance-malformed': altered,
	'endorsement-missing': foreignImage,
	'endorsement-untrusted': foreignImage,
	'endorsement-malformed': foreignImage,
} as const satisfies AdviceTable;
