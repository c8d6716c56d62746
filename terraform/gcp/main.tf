# A cluster on Google Cloud: one network whose nodes have no address of their own to the outside, groups of confidential VMs, and one
# global address with a TCP proxy for each service in front of the control planes.

terraform {
  required_version = ">= 1.4.6"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.40, < 8.0"
    }
  }
}

provider "google" {
  project = var.cloud.project
  region  = var.cloud.region
  zone    = var.cloud.zone
}

locals {
  cluster = "${var.name}-${var.uid}"

  # A group without an image is not made yet: everything around it is.
  groups = { for name, group in var.node_groups : name => group if group.image != "" }
  # Nodes find each other, their role and the load balancer by these labels; nothing else may carry the uid.
  labels      = merge(var.tags, { constellation-uid = var.uid })
  network_tag = "constellation-${var.uid}"

  node_range = "192.168.178.0/24"
  pod_range  = "10.10.0.0/16"

  # Where the proxies of the load balancer and its health checks come from (published by Google).
  proxy_ranges = ["35.191.0.0/16", "130.211.0.0/22"]

  # What the load balancer passes to the control planes. Nodes reach it through the NAT gateway.
  ports = {
    kubernetes   = { port = 6443, nodes = true }
    bootstrapper = { port = 9000, nodes = false }
    konnectivity = { port = 8132, nodes = true }
    verify       = { port = 30081, nodes = false }
    recovery     = { port = 9999, nodes = false }
    join         = { port = 30090, nodes = true }
  }
}
