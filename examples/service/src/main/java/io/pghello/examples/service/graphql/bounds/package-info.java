// SPDX-License-Identifier: MIT
/**
 * How large a query may be, and how long it may take: without them, a small one stops a service.
 */
@NullMarked
package io.pghello.examples.service.graphql.bounds;

import org.jspecify.annotations.NullMarked;
