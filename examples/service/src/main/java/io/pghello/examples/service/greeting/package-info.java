// SPDX-License-Identifier: MIT
/** The operations of the service, used by both REST and GraphQL. */
@NullMarked
package io.pghello.examples.service.greeting;

import org.jspecify.annotations.NullMarked;
