// SPDX-License-Identifier: MIT
/**
 * Hibernate support for any extension: its functions in HQL and Criteria, its creation together
 * with the schema, and a check at startup. Supports the same Hibernate versions as
 * pg-hello-hibernate.
 */
@NullMarked
package io.pghello.extension.hibernate;

import org.jspecify.annotations.NullMarked;
