resource "openstack_lb_loadbalancer_v2" "control_plane" {
  name          = local.cluster
  description   = "Control planes of ${local.cluster}"
  vip_subnet_id = openstack_networking_subnet_v2.nodes.id
  tags          = local.tags
}

resource "openstack_networking_floatingip_associate_v2" "load_balancer" {
  floating_ip = openstack_networking_floatingip_v2.load_balancer.address
  port_id     = openstack_lb_loadbalancer_v2.control_plane.vip_port_id
}

# Nodes come in from their subnet, or through their router.
resource "openstack_lb_listener_v2" "service" {
  for_each        = { for service, entry in local.ports : service => entry if entry.nodes || length(var.source_ranges) > 0 }
  name            = "${local.cluster}-${each.key}"
  loadbalancer_id = openstack_lb_loadbalancer_v2.control_plane.id
  protocol        = "TCP"
  protocol_port   = each.value.port
  # Watches and shells of kubectl are silent for long.
  timeout_client_data = 3600000
  timeout_member_data = 3600000
  allowed_cidrs = concat(
    var.source_ranges,
    each.value.nodes ? concat([local.node_range], [for address in data.openstack_networking_router_v2.cluster.external_fixed_ip : "${address.ip_address}/32"]) : [],
  )
}

resource "openstack_lb_pool_v2" "service" {
  for_each    = openstack_lb_listener_v2.service
  name        = "${local.cluster}-${each.key}"
  listener_id = each.value.id
  protocol    = "TCP"
  lb_method   = "ROUND_ROBIN"
}

resource "openstack_lb_members_v2" "service" {
  for_each = openstack_lb_pool_v2.service
  pool_id  = each.value.id

  dynamic "member" {
    for_each = local.control_planes
    content {
      name          = member.key
      address       = openstack_compute_instance_v2.machine[member.key].access_ip_v4
      protocol_port = local.ports[each.key].port
      subnet_id     = openstack_networking_subnet_v2.nodes.id
    }
  }
}

resource "openstack_lb_monitor_v2" "service" {
  for_each    = openstack_lb_pool_v2.service
  name        = "${local.cluster}-${each.key}"
  pool_id     = each.value.id
  type        = each.key == "kubernetes" ? "HTTPS" : "TCP"
  url_path    = each.key == "kubernetes" ? "/readyz" : null
  delay       = 5
  timeout     = 3
  max_retries = 2
}
