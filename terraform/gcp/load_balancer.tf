resource "google_compute_global_address" "load_balancer" {
  name   = local.cluster
  labels = local.labels
}

# The proxies hide who connects from the nodes, so the ranges are checked before them. A rule takes ten ranges, and a project has few
# policies: one for what nodes need too, one for the rest.
resource "google_compute_security_policy" "service" {
  for_each    = { nodes = true, people = false }
  name        = "${local.cluster}-${each.key}"
  description = each.value ? "Who may reach what nodes of ${local.cluster} need too" : "Who may reach the rest of ${local.cluster}"
  type        = "CLOUD_ARMOR"

  dynamic "rule" {
    for_each = { for number, ranges in chunklist(var.source_ranges, 10) : number => ranges }
    content {
      action      = "allow"
      priority    = 1000 + rule.key
      description = "Ranges that the config names"
      match {
        versioned_expr = "SRC_IPS_V1"
        config {
          src_ip_ranges = rule.value
        }
      }
    }
  }

  dynamic "rule" {
    for_each = each.value ? [true] : []
    content {
      action      = "allow"
      priority    = 900
      description = "Nodes, through their NAT gateway"
      match {
        versioned_expr = "SRC_IPS_V1"
        config {
          src_ip_ranges = ["${google_compute_address.nat.address}/32"]
        }
      }
    }
  }

  rule {
    action      = "deny(403)"
    priority    = 2147483647
    description = "Nobody else"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}

resource "google_compute_health_check" "service" {
  for_each           = local.ports
  name               = "${local.cluster}-${each.key}"
  check_interval_sec = 1
  timeout_sec        = 1

  dynamic "tcp_health_check" {
    for_each = each.key == "kubernetes" ? [] : [true]
    content {
      port = each.value.port
    }
  }

  dynamic "https_health_check" {
    for_each = each.key == "kubernetes" ? [true] : []
    content {
      port         = each.value.port
      request_path = "/readyz"
    }
  }
}

resource "google_compute_backend_service" "service" {
  for_each              = local.ports
  name                  = "${local.cluster}-${each.key}"
  protocol              = "TCP"
  load_balancing_scheme = "EXTERNAL"
  port_name             = each.key
  health_checks         = [google_compute_health_check.service[each.key].id]
  security_policy       = google_compute_security_policy.service[each.value.nodes ? "nodes" : "people"].self_link
  # Also how long a connection may be silent: watches and shells of kubectl are, for long.
  timeout_sec                     = 3600
  connection_draining_timeout_sec = 60

  dynamic "backend" {
    for_each = { for name, group in local.groups : name => group if group.role == "control-plane" }
    content {
      group          = google_compute_instance_group_manager.group[backend.key].instance_group
      balancing_mode = "UTILIZATION"
    }
  }
}

resource "google_compute_target_tcp_proxy" "service" {
  for_each        = local.ports
  name            = "${local.cluster}-${each.key}"
  backend_service = google_compute_backend_service.service[each.key].id
}

resource "google_compute_global_forwarding_rule" "service" {
  for_each              = local.ports
  name                  = "${local.cluster}-${each.key}"
  ip_address            = google_compute_global_address.load_balancer.id
  ip_protocol           = "TCP"
  load_balancing_scheme = "EXTERNAL"
  port_range            = tostring(each.value.port)
  target                = google_compute_target_tcp_proxy.service[each.key].id
  labels                = merge(local.labels, { constellation-use = each.key })
}
