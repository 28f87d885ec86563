#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# usage: bridge.sh
# The bridge br0 that instances are plugged into, the same on every side; the host is
# 10.77.0.1 there, instance i 10.77.0.(10+i).
set -eu
ip link add br0 type bridge
ip address add 10.77.0.1/24 dev br0
ip link set br0 up
