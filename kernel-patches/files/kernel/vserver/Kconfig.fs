# SPDX-License-Identifier: GPL-2.0
config VSERVER_FS
	bool "Files of contexts: labels, barriers, unified files, disk limits"
	depends on VSERVER && BLOCK
	select QUOTA
	select QUOTACTL
	default y
	help
	  Lets files be labelled for the context they are for (ext4 with the
	  project feature, mount option "tag"), and their space limited;
	  directories be closed to contexts; files be shared by contexts
	  until one of them writes; and entries of /proc be hidden.

	  If unsure, say Y.
