# The identity of the nodes of a cluster on Google Cloud: one service account that the machines run as. There is no key of it: what
# runs on a node asks the metadata service.

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
}

locals {
  permissions = {
    discovery = [
      "compute.forwardingRules.list", "compute.globalForwardingRules.list", "compute.instances.get", "compute.instances.list",
      "compute.subnetworks.get", "compute.zones.list",
    ]
    attestation = ["compute.instances.getShieldedInstanceIdentity"]
    boot_log    = ["logging.logEntries.create"]
    replacement = [
      "compute.disks.create", "compute.disks.get", "compute.globalOperations.get", "compute.images.useReadOnly",
      "compute.instanceGroupManagers.get", "compute.instanceGroupManagers.list", "compute.instanceGroupManagers.update",
      "compute.instanceTemplates.create", "compute.instanceTemplates.get", "compute.instanceTemplates.list", "compute.instanceTemplates.useReadOnly",
      "compute.instances.create", "compute.instances.delete", "compute.instances.setLabels", "compute.instances.setMetadata",
      "compute.instances.setServiceAccount", "compute.instances.setTags", "compute.projects.get", "compute.subnetworks.use", "compute.zoneOperations.get",
    ]
    # Load balancers and volumes that Kubernetes makes for Services and volume claims.
    services = [
      "compute.addresses.create", "compute.addresses.delete", "compute.addresses.get", "compute.addresses.list", "compute.addresses.use",
      "compute.disks.delete", "compute.disks.list", "compute.disks.resize", "compute.disks.setLabels", "compute.disks.use",
      "compute.firewalls.create", "compute.firewalls.delete", "compute.firewalls.get", "compute.firewalls.list", "compute.firewalls.update",
      "compute.forwardingRules.create", "compute.forwardingRules.delete", "compute.forwardingRules.get", "compute.forwardingRules.setLabels",
      "compute.httpHealthChecks.create", "compute.httpHealthChecks.delete", "compute.httpHealthChecks.get", "compute.httpHealthChecks.useReadOnly",
      "compute.instances.attachDisk", "compute.instances.detachDisk", "compute.instances.use", "compute.networks.get", "compute.networks.updatePolicy",
      "compute.regionOperations.get", "compute.regions.get", "compute.snapshots.create", "compute.snapshots.delete", "compute.snapshots.get",
      "compute.targetPools.addInstance", "compute.targetPools.create", "compute.targetPools.delete", "compute.targetPools.get",
      "compute.targetPools.removeInstance", "compute.targetPools.use", "compute.zones.get",
    ]
  }
}

resource "google_service_account" "nodes" {
  project      = var.cloud.project
  account_id   = "${var.name_prefix}-nodes"
  display_name = "Nodes of ${var.name_prefix}"
  description  = "What the machines of a Constellation cluster run as"
}

resource "google_project_iam_custom_role" "nodes" {
  project     = var.cloud.project
  role_id     = "${replace(var.name_prefix, "-", "_")}_nodes"
  title       = "Nodes of ${var.name_prefix}"
  description = "What the nodes of a Constellation cluster call"
  permissions = sort(distinct(flatten(values(local.permissions))))
}

resource "google_project_iam_member" "nodes" {
  project = var.cloud.project
  role    = google_project_iam_custom_role.nodes.id
  member  = google_service_account.nodes.member
}

# The nodes make new machines, which run as the same account.
resource "google_service_account_iam_member" "itself" {
  service_account_id = google_service_account.nodes.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.nodes.member
}
