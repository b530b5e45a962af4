// SPDX-License-Identifier: MIT
/**
 * Any extension in Hibernate: its functions in HQL and Criteria, its creation with the schema, and
 * a check at the start. Runs on the lines of Hibernate that pg-hello-hibernate runs on.
 */
@NullMarked
package io.pghello.extension.hibernate;

import org.jspecify.annotations.NullMarked;
