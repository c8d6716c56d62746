output "ip" {
  description = "Address of the load balancer."
  value       = openstack_networking_floatingip_v2.load_balancer.address
}

output "endpoint" {
  description = "Name or address under which users reach the control plane."
  value       = var.control_plane_endpoint != "" ? var.control_plane_endpoint : openstack_networking_floatingip_v2.load_balancer.address
}

output "endpoints" {
  description = "host:port of the load balancer by service."
  value       = { for service, entry in local.ports : service => "${openstack_networking_floatingip_v2.load_balancer.address}:${entry.port}" }
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
  value       = local.node_range
}

output "attestation_url" {
  description = "Where tokens of an attestation provider are checked; empty without one."
  value       = ""
}
