import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {withTerraform} from '../helpers/cloud-world.ts';
import {installProviders} from '../helpers/terraform-provider/install.ts';

const module = `
terraform {
  required_providers {
    aws     = { source = "hashicorp/aws", version = "~> 6.48" }
    random  = { source = "hashicorp/random", version = "~> 3.9" }
    stackit = { source = "stackitcloud/stackit", version = "~> 0.113" }
  }
}
variable "cidr" { default = "10.0.0.0/16" }
variable "balancer" { default = "balancer" }
variable "label" { default = "a" }
provider "aws" { region = "eu-central-1" }
provider "stackit" { default_region = "eu01" }
resource "random_id" "uid" { byte_length = 4 }
resource "aws_vpc" "net" {
  cidr_block = var.cidr
  tags       = { Name = "net-\${random_id.uid.hex}", label = var.label }
}
resource "aws_subnet" "nodes" {
  vpc_id     = aws_vpc.net.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_lb" "front" {
  name    = var.balancer
  subnets = [aws_subnet.nodes.id]
}
resource "stackit_network" "net" {
  project_id = "project"
  name       = "net"
}
output "name" { value = aws_vpc.net.tags["Name"] }
`;

withTerraform('real Terraform plans, changes, breaks and removes what the simulated providers make', async t => {
	const folder = await mkdtemp(join(tmpdir(), 'providers-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	const clouds = await installProviders(folder, ['aws', 'random', 'stackit']);
	const cwd = join(folder, 'module');
	await mkdir(cwd);
	await writeFile(join(cwd, 'main.tf'), module);
	const terraform = (...args: string[]) =>
		execa('terraform', args, {
			cwd,
			env: {TF_CLI_CONFIG_FILE: clouds.configFile, CHECKPOINT_DISABLE: '1'},
			reject: false,
			timeout: 240_000,
		});
	const apply = (...args: string[]) => terraform('apply', '-auto-approve', '-no-color', ...args);

	t.is((await terraform('init', '-no-color')).exitCode, 0);

	// A provider that fails in the middle: what exists is kept, the half-made object is replaced by the next run.
	clouds.change('aws', ({faults}) => {
		faults.push({type: 'aws_subnet', action: 'create', message: 'SubnetLimitExceeded', halfCreated: true, times: 1});
	});
	const broken = await apply();
	t.is(broken.exitCode, 1);
	t.regex(broken.stderr, /SubnetLimitExceeded/);
	const mended = await apply();
	t.is(mended.exitCode, 0, mended.stderr);
	t.regex(mended.stdout, /aws_subnet\.nodes: Destruction complete/);
	t.is((await terraform('output', '-raw', 'name')).stdout, 'net-0a1b2c3d');
	t.is(clouds.read('aws').configured['hashicorp/aws']?.['region'], 'eu-central-1');
	t.is((await terraform('plan', '-detailed-exitcode')).exitCode, 0);

	// A label changes in place, another range replaces the network and what is in it.
	t.regex((await apply('-var', 'label=b')).stdout, /0 added, 1 changed, 0 destroyed/);
	t.regex((await apply('-var', 'label=b', '-var', 'cidr=10.1.0.0/16')).stdout, /2 added, 1 changed, 2 destroyed/);

	// What the real provider refuses before it asks its cloud.
	const refused = await terraform('plan', '-var', `balancer=${'x'.repeat(33)}`);
	t.regex(refused.stderr, /at most 32 letters/);

	const gone = await terraform('destroy', '-auto-approve', '-no-color');
	t.is(gone.exitCode, 0, gone.stderr);
	t.deepEqual(clouds.read('aws').objects, {});
});
