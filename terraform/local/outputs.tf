output "ip" {
  description = "Address of the load balancer."
  value       = split(":", var.cloud.load_balancer["kubernetes"])[0]
}

output "endpoint" {
  description = "Name or address under which users reach the control plane."
  value       = var.control_plane_endpoint != "" ? var.control_plane_endpoint : split(":", var.cloud.load_balancer["kubernetes"])[0]
}

output "endpoints" {
  description = "host:port of the load balancer by service."
  value       = var.cloud.load_balancer
}

output "uid" {
  description = "Identifier of the cluster."
  value       = var.uid
}

output "name" {
  description = "Name of the cluster."
  value       = var.name
}

output "network" {
  description = "The network of the nodes."
  value       = var.cloud.network.kind == "addresses" ? "${var.cloud.network.prefix}.0/24" : "127.0.0.1:${var.cloud.network.firstPort}"
}

output "attestation_url" {
  description = "Where tokens of an attestation provider are checked; empty without one."
  value       = ""
}
