import type {PlanWords} from '../plan-words.ts';

const diskLoss = 'State disks go with their machines, with everything that Kubernetes keeps on them.';
const addressLoss = 'The address of the load balancer is given back: kubeconfigs and DNS entries that name it end to work.';

/** What the resources of the modules for AWS are to a person. */
export const awsPlanWords: PlanWords = {
	aws_autoscaling_group: {
		topic: 'Machines',
		name: 'auto-scaling group',
		costs: 'machines by the hour (SEV-SNP adds to the price), and an EBS root and state disk each',
		loss: diskLoss,
	},
	aws_launch_template: {topic: 'Machines', name: 'launch template'},
	aws_vpc: {topic: 'Network', name: 'network (VPC)', plural: 'networks (VPC)'},
	aws_subnet: {topic: 'Network', name: 'subnet'},
	aws_internet_gateway: {topic: 'Network', name: 'internet gateway'},
	aws_eip: {
		topic: 'Network',
		name: 'public address',
		plural: 'public addresses',
		costs: 'public addresses by the hour',
		loss: addressLoss,
	},
	aws_nat_gateway: {
		topic: 'Network',
		name: 'NAT gateway',
		costs: 'one NAT gateway a zone, by the hour and by what goes through it',
	},
	aws_route_table: {topic: 'Network', name: 'route table'},
	aws_route: {topic: 'Network', name: 'route'},
	aws_route_table_association: {topic: 'Network', name: 'route table association'},
	aws_security_group: {topic: 'Network', name: 'security group'},
	aws_vpc_security_group_ingress_rule: {topic: 'Network', name: 'rule for what comes in', plural: 'rules for what comes in'},
	aws_vpc_security_group_egress_rule: {topic: 'Network', name: 'rule for what goes out', plural: 'rules for what goes out'},
	aws_lb: {
		topic: 'Load balancer',
		name: 'network load balancer',
		costs: 'the load balancer by the hour and by capacity units, and traffic between zones',
	},
	aws_lb_listener: {topic: 'Load balancer', name: 'listener'},
	aws_lb_target_group: {topic: 'Load balancer', name: 'target group'},
	aws_cloudwatch_log_group: {
		topic: 'Logs',
		name: 'log group',
		costs: 'logs by what is written',
		loss: 'The boot logs are deleted.',
	},
	aws_iam_role: {topic: 'Identity', name: 'role'},
	aws_iam_policy: {topic: 'Identity', name: 'policy', plural: 'policies'},
	aws_iam_role_policy_attachment: {topic: 'Identity', name: 'policy attachment'},
	aws_iam_instance_profile: {
		topic: 'Identity',
		name: 'instance profile',
		loss: 'Machines that use the instance profiles lose every permission at once.',
	},
};
