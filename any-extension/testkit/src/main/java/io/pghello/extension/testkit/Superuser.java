// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes an injected data source or connection log in as the superuser instead of the role that owns
 * the database. Applies to parameters of type {@link javax.sql.DataSource} and {@link
 * java.sql.Connection} of tests with an annotation such as {@link ExtensionTest}.
 */
@Documented
@Target({ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface Superuser {}
