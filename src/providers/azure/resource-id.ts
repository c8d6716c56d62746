/** Words of resource ids as the reference of Azure Resource Manager writes them. */
const words = [
	'subscriptions',
	'resourceGroups',
	'providers',
	'Microsoft.Compute',
	'Microsoft.ManagedIdentity',
	'userAssignedIdentities',
	'communityGalleries',
	'sharedGalleries',
	'galleries',
	'images',
	'versions',
];
const spelled = new Map(words.map(word => [word.toLowerCase(), word]));

/**
 * A resource id with its fixed words in the usual case. Azure ignores case and answers in any (`/CommunityGalleries/…/Images/…`), Terraform
 * compares letter by letter. Names between the words stay as they are.
 */
export const spelledId = (id: string): string =>
	id
		.split('/')
		.map((part, index) => (index % 2 === 1 || part.includes('.') ? (spelled.get(part.toLowerCase()) ?? part) : part))
		.join('/');

/** How a scale set refers to an image: each kind of gallery has a field of its own (ImageReference of Microsoft.Compute). */
export const imageReferenceOf = (image: string): Readonly<Record<string, string>> => {
	const id = spelledId(image);
	if (id.startsWith('/communityGalleries/')) return {communityGalleryImageId: id};
	return id.startsWith('/sharedGalleries/') ? {sharedGalleryImageId: id} : {id};
};
