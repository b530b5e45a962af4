// SPDX-License-Identifier: MIT
/** The operations as a GraphQL API, with the schema of the integration guide. */
@NullMarked
package io.pghello.examples.service.graphql;

import org.jspecify.annotations.NullMarked;
