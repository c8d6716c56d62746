output "config" {
  description = "Values for the provider section of the config."
  value       = { serviceAccount = google_service_account.nodes.email }
}
