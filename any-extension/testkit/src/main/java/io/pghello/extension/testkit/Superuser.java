// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a parameter of type {@link javax.sql.DataSource} or {@link java.sql.Connection} that logs
 * in as the superuser instead of the role that owns the database. A {@link DatabaseJUnitExtension}
 * must inject the parameter.
 */
@Documented
@Target({ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface Superuser {}
