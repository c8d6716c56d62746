locals {
  # This load balancer has one list of ranges for all of its ports.
  allowed = concat(var.source_ranges, [for address in data.openstack_networking_router_v2.cluster.external_fixed_ip : "${address.ip_address}/32"])
}

resource "stackit_loadbalancer" "control_plane" {
  project_id       = var.cloud.project
  name             = "${local.cluster}-lb"
  external_address = openstack_networking_floatingip_v2.load_balancer.address
  options          = { acl = local.allowed }
  networks = [{
    network_id = openstack_networking_network_v2.cluster.id
    role       = "ROLE_LISTENERS_AND_TARGETS"
  }]

  listeners = [for service, entry in local.ports : {
    display_name = service
    port         = entry.port
    protocol     = "PROTOCOL_TCP"
    target_pool  = service
    # Watches and shells of kubectl are silent for long.
    tcp = { idle_timeout = "3600s" }
  }]

  target_pools = [for service, entry in local.ports : {
    name        = service
    target_port = entry.port
    targets = [for name, machine in local.control_planes : {
      display_name = "${local.cluster}-${replace(name, "_", "-")}"
      ip           = openstack_compute_instance_v2.machine[name].access_ip_v4
    }]
    active_health_check = {
      interval            = "3s"
      interval_jitter     = "3s"
      timeout             = "3s"
      healthy_threshold   = 2
      unhealthy_threshold = 2
    }
  }]

  depends_on = [openstack_networking_router_interface_v2.nodes]
}
