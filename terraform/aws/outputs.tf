output "ip" {
  description = "Address of the load balancer."
  value       = aws_eip.load_balancer.public_ip
}

output "endpoint" {
  description = "Name or address under which users reach the control plane."
  value       = var.control_plane_endpoint != "" ? var.control_plane_endpoint : aws_eip.load_balancer.public_ip
}

output "endpoints" {
  description = "host:port of the load balancer by service."
  value       = { for service, entry in local.ports : service => "${aws_eip.load_balancer.public_ip}:${entry.port}" }
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
  value       = "192.168.176.0/20"
}

output "attestation_url" {
  description = "Where tokens of an attestation provider are checked; empty without one."
  value       = ""
}
