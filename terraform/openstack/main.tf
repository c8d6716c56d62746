# A cluster on OpenStack: one network with a way out, servers in groups that are kept apart, and one Octavia load balancer with a
# floating address in front of the control planes. No credentials of the cloud come here: nodes get theirs over attested TLS.

terraform {
  required_version = ">= 1.4.6"

  required_providers {
    openstack = {
      source  = "terraform-provider-openstack/openstack"
      version = ">= 3.2, < 4.0"
    }
  }
}

provider "openstack" {
  cloud  = var.cloud.cloud != "" ? var.cloud.cloud : null
  region = var.cloud.region
}

locals {
  confidential_flavor = "Its extra specs show neither memory encryption nor a TPM 2.0 (hw:mem_encryption, hw:tpm_version); ask the operator of the cloud for one that has both."
}

locals {
  # Not every cloud shows the extra specs of its flavors to its users: what is not shown is not held against it.
  flavor_is_confidential = {
    for name, flavor in data.openstack_compute_flavor_v2.group : name => length(flavor.extra_specs) == 0 || alltrue([
      lower(lookup(flavor.extra_specs, "hw:mem_encryption", "false")) == "true",
      lookup(flavor.extra_specs, "hw:tpm_version", "") == "2.0",
    ])
  }
}
