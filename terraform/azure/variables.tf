variable "name" {
  type        = string
  description = "Name of the cluster."
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,24}[a-z0-9])?$", var.name))
    error_message = "On Azure the name has 1 to 26 lower-case letters, digits and hyphens, and starts with a letter."
  }
}

variable "uid" {
  type        = string
  description = "Identifier of the cluster, made by the CLI: 8 lower-case hex digits."
  validation {
    condition     = can(regex("^[0-9a-f]{8}$", var.uid))
    error_message = "The uid has 8 lower-case hex digits."
  }
}

variable "node_groups" {
  type = map(object({
    role          = string
    image         = string
    count         = number
    instance_type = optional(string)
    zone          = optional(string)
    disk_size     = optional(number)
    disk_type     = optional(string)
  }))
  description = "Groups of machines by name. Terraform owns the groups, the cloud makes the machines. Sizes are in gigabytes. Without an image a group is not made yet."
  validation {
    condition     = alltrue([for group in values(var.node_groups) : contains(["control-plane", "worker"], group.role)])
    error_message = "The role of a node group is control-plane or worker."
  }
  validation {
    condition     = anytrue([for group in values(var.node_groups) : group.role == "control-plane" && group.count > 0])
    error_message = "There is at least one control plane."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.count >= 0 && group.count <= 200 && floor(group.count) == group.count])
    error_message = "The count of a node group is a whole number from 0 to 200."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.instance_type != null && group.disk_size != null && group.disk_type != null])
    error_message = "A node group on Azure names its instance type, disk size and disk type; without a zone Azure spreads the machines."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.image == "" || can(regex("^/(subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Compute/|communityGalleries/|sharedGalleries/)", group.image))])
    error_message = "The image of a node group is a resource id like /communityGalleries/GALLERY/images/NAME/versions/1.2.3, with these capital letters."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : contains(["Premium_LRS", "Premium_ZRS", "Standard_LRS", "StandardSSD_LRS", "StandardSSD_ZRS"], coalesce(group.disk_type, "Premium_LRS"))])
    error_message = "The disk type is Premium_LRS, Premium_ZRS, Standard_LRS, StandardSSD_LRS or StandardSSD_ZRS."
  }
}

variable "control_plane_endpoint" {
  type        = string
  default     = ""
  description = "Name or address under which users reach the control plane; empty: that of the load balancer."
}

variable "init_secret_hash" {
  type        = string
  description = "bcrypt hash of the init secret. The secret itself never comes here."
  validation {
    condition     = can(regex("^\\$2[aby]\\$[0-9]{2}\\$.{53}$", var.init_secret_hash))
    error_message = "The init secret hash is a bcrypt hash."
  }
}

variable "source_ranges" {
  type        = list(string)
  description = "Who may reach the public ports: address ranges like 198.51.100.0/24. Empty: nobody but the nodes."
  validation {
    condition     = alltrue([for range in var.source_ranges : can(cidrnetmask(range))])
    error_message = "A source range is an IPv4 range like 198.51.100.0/24."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "More tags for every resource. Keys of the cluster itself are not allowed."
  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(key, "constellation-")])
    error_message = "Keys that start with constellation- belong to the cluster."
  }
}

variable "cloud" {
  type = object({
    subscription         = string
    location             = string
    resource_group       = string
    identity             = string
    ssh_public_key       = string
    confidential         = bool
    secure_boot          = bool
    attestation_provider = bool
  })
  description = "What Azure alone needs: subscription, location, an existing resource group, the resource id of the identity of the nodes, an SSH key that Azure asks for and nobody can use, whether machines are confidential VMs (else trusted launch), secure boot, and whether to make an attestation provider."
  validation {
    condition     = can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.ManagedIdentity/userAssignedIdentities/[^/]+$", var.cloud.identity))
    error_message = "The identity is a resource id like /subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.ManagedIdentity/userAssignedIdentities/NAME, with these capital letters."
  }
  validation {
    condition     = startswith(var.cloud.ssh_public_key, "ssh-rsa ")
    error_message = "Azure takes RSA keys only."
  }
}
