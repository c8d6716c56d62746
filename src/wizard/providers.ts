import type {ProviderId} from './deps.ts';

/** A place nodes can run in, as the wizard lists it. What is not built yet is shown as such and cannot be chosen. */
export type ProviderEntry = {id: ProviderId; title: string; detail: string; built: boolean};

export const providers: readonly ProviderEntry[] = [
	{id: 'local', title: 'Local', detail: 'on this machine, for trying it out', built: true},
	{id: 'aws', title: 'AWS', detail: 'SEV-SNP, NitroTPM', built: true},
	{id: 'azure', title: 'Azure', detail: 'SEV-SNP, TDX', built: true},
	{id: 'gcp', title: 'Google', detail: 'SEV-SNP, SEV-ES', built: true},
	{id: 'openstack', title: 'OpenStack', detail: 'your own cloud', built: true},
	{id: 'stackit', title: 'STACKIT', detail: 'OpenStack of STACKIT', built: true},
	{id: 'qemu', title: 'QEMU', detail: 'measured-boot VMs on this machine', built: false},
];

/** What a provider protects, and what it does not. */
export function providerPromise(id: ProviderId): string {
	if (id === 'local')
		return 'Local is a rehearsal: the same protocol end to end, but nodes are processes on this machine. It protects nothing from anyone who uses your account.';
	if (providers.find(entry => entry.id === id)?.built !== true) return 'Not built yet in this version.';
	const emulated = 'This release was tried with simulated clouds and their published interfaces, never with a real account.';
	if (id === 'openstack' || id === 'stackit')
		return `Nodes are VMs with measured boot; nothing certifies their TPMs. ${emulated}`;
	return `Nodes are confidential VMs; the next question says what they prove. ${emulated}`;
}
