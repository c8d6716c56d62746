variable "name" {
  type        = string
  description = "Name of the cluster."
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,24}[a-z0-9])?$", var.name))
    error_message = "On Google Cloud the name has 1 to 26 lower-case letters, digits and hyphens, and starts with a letter."
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
    condition     = sum(concat([0], [for group in values(var.node_groups) : group.count])) <= 250
    error_message = "The nodes share 250 addresses: that is the most of all groups together."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.instance_type != null && group.zone != null && group.disk_size != null && group.disk_type != null])
    error_message = "A node group on Google Cloud names its instance type, zone, disk size and disk type."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : group.image == "" || can(regex("^(https://www\\.googleapis\\.com/compute/v1/)?projects/[^/]+/global/images/(family/)?[^/]+$", group.image))])
    error_message = "The image of a node group is a path like projects/PROJECT/global/images/NAME."
  }
  validation {
    condition     = alltrue([for group in values(var.node_groups) : contains(["pd-ssd", "pd-balanced", "pd-standard"], coalesce(group.disk_type, "pd-ssd"))])
    error_message = "The disk type is pd-ssd, pd-balanced or pd-standard."
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
  description = "More labels for every resource that has some. Keys of the cluster itself are not allowed."
  validation {
    condition     = alltrue([for key, value in var.tags : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "Google Cloud allows lower-case letters, digits, hyphens and underscores in labels, 63 at most, keys starting with a letter."
  }
  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(key, "constellation-")])
    error_message = "Keys that start with constellation- belong to the cluster."
  }
}

variable "cloud" {
  type = object({
    project         = string
    region          = string
    zone            = string
    technology      = string
    service_account = string
  })
  description = "What Google Cloud alone needs: project, region, default zone, confidential technology (SEV or SEV_SNP) and the e-mail of the service account of the nodes."
  validation {
    condition     = contains(["SEV", "SEV_SNP"], var.cloud.technology)
    error_message = "The confidential technology is SEV or SEV_SNP."
  }
  validation {
    condition     = startswith(var.cloud.zone, "${var.cloud.region}-")
    error_message = "The zone lies in the region."
  }
  validation {
    condition     = can(regex("^[^@]+@[^@]+\\.gserviceaccount\\.com$", var.cloud.service_account))
    error_message = "The service account is an e-mail like NAME@PROJECT.iam.gserviceaccount.com."
  }
}
