// SPDX-License-Identifier: MIT
/** Bounds of a query's size and time. Without them, a small query stops a service. */
@NullMarked
package io.pghello.examples.service.graphql.bounds;

import org.jspecify.annotations.NullMarked;
