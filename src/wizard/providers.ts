import type {ProviderId} from './deps.ts';

/** A place nodes can run in, as the wizard lists it. What is not built yet is shown as such and cannot be chosen. */
export type ProviderEntry = {id: ProviderId; title: string; detail: string; built: boolean};

export const providers: readonly ProviderEntry[] = [
	{id: 'local', title: 'Local', detail: 'on this machine, for trying it out', built: true},
	{id: 'aws', title: 'AWS', detail: 'SEV-SNP, NitroTPM', built: false},
	{id: 'azure', title: 'Azure', detail: 'SEV-SNP, TDX', built: false},
	{id: 'gcp', title: 'Google', detail: 'SEV-SNP, SEV-ES', built: false},
	{id: 'openstack', title: 'OpenStack', detail: 'your own cloud', built: false},
	{id: 'stackit', title: 'STACKIT', detail: 'SEV-ES', built: false},
	{id: 'qemu', title: 'QEMU', detail: 'measured-boot VMs on this machine', built: false},
];

/** What a provider protects, and what it does not. */
export function providerPromise(id: ProviderId): string {
	if (id === 'local')
		return 'Local is a rehearsal: the same protocol end to end, but nodes are processes on this machine. It protects nothing from anyone who uses your account.';
	if (providers.find(entry => entry.id === id)?.built !== true) return 'Not built yet in this version.';
	return 'Nodes are confidential VMs; the next question says what they prove. Without a node image, apply stops after the infrastructure and says so.';
}
