// SPDX-License-Identifier: MIT
/** How {@code ./dev demo service} starts the service; not for others. */
@NullMarked
package io.pghello.examples.service.demo;

import org.jspecify.annotations.NullMarked;
