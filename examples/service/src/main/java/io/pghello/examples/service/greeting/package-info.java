// SPDX-License-Identifier: MIT
/** The operations of the service, for all its interfaces. */
@NullMarked
package io.pghello.examples.service.greeting;

import org.jspecify.annotations.NullMarked;
