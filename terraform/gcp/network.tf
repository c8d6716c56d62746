resource "google_compute_network" "cluster" {
  name                    = local.cluster
  description             = "Network of ${local.cluster}"
  auto_create_subnetworks = false
  mtu                     = 8896
}

# Every node takes a /24 of the second range for its pods: 256 nodes at most.
resource "google_compute_subnetwork" "nodes" {
  name          = local.cluster
  description   = "Nodes of ${local.cluster}"
  network       = google_compute_network.cluster.id
  region        = var.cloud.region
  ip_cidr_range = local.node_range

  secondary_ip_range {
    range_name    = local.cluster
    ip_cidr_range = local.pod_range
  }
}

resource "google_compute_router" "cluster" {
  name    = local.cluster
  network = google_compute_network.cluster.id
  region  = var.cloud.region
}

# An address that is known beforehand: nodes come in from it when they ask the load balancer.
resource "google_compute_address" "nat" {
  name   = "${local.cluster}-nat"
  region = var.cloud.region
  labels = local.labels
}

resource "google_compute_router_nat" "cluster" {
  name                               = local.cluster
  router                             = google_compute_router.cluster.name
  region                             = var.cloud.region
  nat_ip_allocate_option             = "MANUAL_ONLY"
  nat_ips                            = [google_compute_address.nat.self_link]
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
}

resource "google_compute_firewall" "load_balancer" {
  name          = "${local.cluster}-lb"
  description   = "What the load balancer passes on, and its health checks"
  network       = google_compute_network.cluster.id
  direction     = "INGRESS"
  source_ranges = local.proxy_ranges
  target_tags   = [local.network_tag]

  allow {
    protocol = "tcp"
    ports    = [for entry in values(local.ports) : tostring(entry.port)]
  }
}

resource "google_compute_firewall" "nodes" {
  name          = "${local.cluster}-nodes"
  description   = "Everything between nodes and pods"
  network       = google_compute_network.cluster.id
  direction     = "INGRESS"
  source_ranges = [local.node_range, local.pod_range]
  target_tags   = [local.network_tag]

  allow { protocol = "tcp" }
  allow { protocol = "udp" }
  allow { protocol = "icmp" }
}
