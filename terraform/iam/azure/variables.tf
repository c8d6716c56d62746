variable "name_prefix" {
  type        = string
  description = "Name of the resource group of the cluster, and start of the other names."
  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", var.name_prefix))
    error_message = "The prefix has 1 to 64 letters, digits, hyphens and underscores, and starts with a letter or digit."
  }
}

variable "tags" {
  type        = map(string)
  default     = {}
  description = "Tags for every resource."
}

variable "cloud" {
  type        = object({ subscription = string, location = string })
  description = "What Azure alone needs: subscription and location."
}
