// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes an injected {@link javax.sql.DataSource} or {@link java.sql.Connection} of a {@link
 * DatabaseJUnitExtension} log in as the superuser instead of the role that owns the database.
 */
@Documented
@Target({ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface Superuser {}
