import type {PlanWords} from '../plan-words.ts';

/** What the resources of the modules for OpenStack and STACKIT are to a person. */
export const openstackPlanWords: PlanWords = {
	openstack_compute_instance_v2: {
		topic: 'Machines',
		name: 'machine',
		costs: 'machines by their flavor, and a boot and state volume each',
		loss: 'State disks go with their machines, with everything that Kubernetes keeps on them; nothing is drained first.',
	},
	openstack_compute_servergroup_v2: {topic: 'Machines', name: 'server group'},
	openstack_networking_port_v2: {topic: 'Network', name: 'port'},
	openstack_networking_network_v2: {topic: 'Network', name: 'network'},
	openstack_networking_subnet_v2: {topic: 'Network', name: 'subnet'},
	openstack_networking_router_v2: {topic: 'Network', name: 'router'},
	openstack_networking_router_interface_v2: {
		topic: 'Network',
		name: 'interface of the router',
		plural: 'interfaces of the router',
	},
	openstack_networking_secgroup_v2: {topic: 'Network', name: 'security group'},
	openstack_networking_secgroup_rule_v2: {topic: 'Network', name: 'rule of a security group', plural: 'rules of security groups'},
	openstack_networking_floatingip_v2: {
		topic: 'Load balancer',
		name: 'floating address',
		plural: 'floating addresses',
		costs: 'the floating address by the hour',
		loss: 'The address of the load balancer is given back: kubeconfigs and DNS entries that name it end to work.',
	},
	openstack_networking_floatingip_associate_v2: {
		topic: 'Load balancer',
		name: 'use of the floating address',
		plural: 'uses of the floating address',
	},
	openstack_lb_loadbalancer_v2: {topic: 'Load balancer', name: 'load balancer', costs: 'the load balancer by the hour'},
	openstack_lb_listener_v2: {topic: 'Load balancer', name: 'listener'},
	openstack_lb_pool_v2: {topic: 'Load balancer', name: 'pool'},
	openstack_lb_monitor_v2: {topic: 'Load balancer', name: 'monitor'},
	openstack_lb_members_v2: {topic: 'Load balancer', name: 'list of members', plural: 'lists of members'},
	stackit_loadbalancer: {topic: 'Load balancer', name: 'load balancer', costs: 'the load balancer by the hour'},
};
