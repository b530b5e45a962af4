// SPDX-License-Identifier: MIT
/** What the service does, for whatever interface asks for it. */
@NullMarked
package io.pghello.examples.service.greeting;

import org.jspecify.annotations.NullMarked;
