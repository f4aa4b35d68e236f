# SPDX-License-Identifier: Apache-2.0
"""One file per skill. A skill makes turns or whole conversations from a random generator and a split."""
