locals {
  # A group without an image is not made yet: everything around it is.
  groups = { for name, group in var.node_groups : name => group if group.image != "" }

  cluster = "${var.name}-${var.uid}"
  # Nodes find each other, their role and their subnet by these tags; nothing else may carry the uid.
  tags = concat(["constellation-uid-${var.uid}"], [for key, value in var.tags : "${key}=${value}"])

  node_range = "192.168.178.0/24"

  # What the load balancer passes to the control planes. Nodes reach it through their router.
  ports = {
    kubernetes   = { port = 6443, nodes = true }
    bootstrapper = { port = 9000, nodes = false }
    konnectivity = { port = 8132, nodes = true }
    verify       = { port = 30081, nodes = false }
    recovery     = { port = 9999, nodes = false }
    join         = { port = 30090, nodes = true }
  }

  # One entry a machine. Lowering a count takes the highest numbers away.
  machines = merge([
    for name, group in local.groups : {
      for number in range(group.count) : "${name}-${number}" => merge(group, { group = name })
    }
  ]...)
  control_planes = { for name, machine in local.machines : name => machine if machine.role == "control-plane" }
}

data "openstack_networking_network_v2" "outside" {
  network_id = var.cloud.floating_ip_pool
}

resource "openstack_networking_network_v2" "cluster" {
  name = local.cluster
  tags = local.tags
}

# Nodes expect exactly one subnet with their uid.
resource "openstack_networking_subnet_v2" "nodes" {
  name            = local.cluster
  network_id      = openstack_networking_network_v2.cluster.id
  cidr            = local.node_range
  ip_version      = 4
  dns_nameservers = var.cloud.dns_servers
  tags            = local.tags
}

resource "openstack_networking_router_v2" "cluster" {
  name                = local.cluster
  external_network_id = data.openstack_networking_network_v2.outside.network_id
  tags                = local.tags
}

# The address under which nodes are seen outside, read after the cloud gave it: it is no part of what the configuration says.
data "openstack_networking_router_v2" "cluster" {
  router_id = openstack_networking_router_v2.cluster.id
}

resource "openstack_networking_router_interface_v2" "nodes" {
  router_id = openstack_networking_router_v2.cluster.id
  subnet_id = openstack_networking_subnet_v2.nodes.id
}

resource "openstack_networking_secgroup_v2" "nodes" {
  name                 = local.cluster
  description          = "Nodes of ${local.cluster}"
  delete_default_rules = true
  tags                 = local.tags
}

resource "openstack_networking_secgroup_rule_v2" "out" {
  security_group_id = openstack_networking_secgroup_v2.nodes.id
  description       = "Container images, cloud APIs, Kubernetes components"
  direction         = "egress"
  ethertype         = "IPv4"
}

# The load balancer has its addresses in the subnet of the nodes too, and checks who comes in.
resource "openstack_networking_secgroup_rule_v2" "between_nodes" {
  security_group_id = openstack_networking_secgroup_v2.nodes.id
  description       = "Everything inside the subnet of the nodes"
  direction         = "ingress"
  ethertype         = "IPv4"
  remote_ip_prefix  = local.node_range
}

data "openstack_compute_flavor_v2" "group" {
  for_each = local.groups
  name     = each.value.instance_type
}

resource "openstack_compute_servergroup_v2" "group" {
  for_each = local.groups
  name     = "${local.cluster}-${replace(each.key, "_", "-")}"
  policies = ["soft-anti-affinity"]
}

resource "openstack_networking_port_v2" "machine" {
  for_each           = local.machines
  name               = "${local.cluster}-${replace(each.key, "_", "-")}"
  network_id         = openstack_networking_network_v2.cluster.id
  security_group_ids = [openstack_networking_secgroup_v2.nodes.id]
  tags               = local.tags

  fixed_ip {
    subnet_id = openstack_networking_subnet_v2.nodes.id
  }
}

resource "openstack_compute_instance_v2" "machine" {
  for_each                = local.machines
  name                    = "${local.cluster}-${replace(each.key, "_", "-")}"
  image_id                = each.value.image
  flavor_id               = data.openstack_compute_flavor_v2.group[each.value.group].id
  availability_zone_hints = each.value.zone
  tags                    = concat(local.tags, ["constellation-role-${each.value.role}", "constellation-node-group-${each.value.group}"])
  metadata = {
    constellation-uid              = var.uid
    constellation-role             = each.value.role
    constellation-node-group       = each.value.group
    constellation-init-secret-hash = var.init_secret_hash
    constellation-load-balancer    = openstack_networking_floatingip_v2.load_balancer.address
  }

  network {
    port = openstack_networking_port_v2.machine[each.key].id
  }

  scheduler_hints {
    group = openstack_compute_servergroup_v2.group[each.value.group].id
  }

  block_device {
    boot_index            = 0
    source_type           = "image"
    uuid                  = each.value.image
    destination_type      = "local"
    delete_on_termination = true
  }

  # The second disk: the node keeps its state there, encrypted with a key of its own.
  block_device {
    boot_index            = -1
    source_type           = "blank"
    destination_type      = "volume"
    volume_size           = each.value.disk_size
    volume_type           = each.value.disk_type
    delete_on_termination = true
  }

  lifecycle {
    # Another image or flavor is for new machines; those that run are replaced by the cluster, one by one. A new flavor would switch them
    # all off at once, control planes too.
    ignore_changes = [image_id, flavor_id, block_device]

    precondition {
      condition     = local.flavor_is_confidential[each.value.group]
      error_message = "Flavor ${each.value.instance_type} of node group ${each.value.group} is not for confidential machines. ${local.confidential_flavor}"
    }
  }

  depends_on = [openstack_networking_router_interface_v2.nodes]
}

resource "openstack_networking_floatingip_v2" "load_balancer" {
  pool        = data.openstack_networking_network_v2.outside.name
  description = "Load balancer of ${local.cluster}"
  tags        = local.tags
}
