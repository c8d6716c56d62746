import {DescribeImagesCommand, type EC2Client} from '@aws-sdk/client-ec2';
import {notFound} from '../not-found.ts';
import {asked} from './errors.ts';

/** Which TPM a machine image was registered with: `v2.0`, or empty where it has none (EC2, DescribeImages). Throws AppError. */
export async function machineImage(ec2: EC2Client, image: string, abortSignal: AbortSignal): Promise<{tpmSupport: string}> {
	const what = `image ${image}`;
	// An image that was given up may still run machines.
	const command = new DescribeImagesCommand({Filters: [{Name: 'image-id', Values: [image]}], IncludeDeprecated: true});
	const {Images: [found] = []} = await asked(what, () => ec2.send(command, {abortSignal}));
	return found === undefined ? notFound(what) : {tpmSupport: found.TpmSupport ?? ''};
}
