// SPDX-License-Identifier: MIT
package io.pghello.examples.web;

import jakarta.validation.Constraint;
import jakarta.validation.ConstraintValidator;
import jakarta.validation.ConstraintValidatorContext;
import jakarta.validation.Payload;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.jspecify.annotations.Nullable;

/**
 * A name that can be greeted. It has 1 to 50 characters that the database can store, and is not
 * blank. There are no other restrictions: names such as O'Brien are allowed, because names are
 * passed as values and are never part of a statement.
 */
@Documented
@Constraint(validatedBy = GreetedName.Validator.class)
@Target({ElementType.PARAMETER, ElementType.FIELD, ElementType.TYPE_USE})
@Retention(RetentionPolicy.RUNTIME)
public @interface GreetedName {
  /** Maximum number of characters (Unicode code points). */
  int MAX = 50;

  /** Returns the error message. */
  String message() default "must have 1 to " + MAX + " characters that are not all blank";

  /** Returns the groups, as required by Jakarta Validation. */
  Class<?>[] groups() default {};

  /** Returns the payload, as required by Jakarta Validation. */
  Class<? extends Payload>[] payload() default {};

  /** Checks whether a name can be greeted. */
  final class Validator implements ConstraintValidator<GreetedName, String> {
    @Override
    public boolean isValid(@Nullable String name, ConstraintValidatorContext context) {
      if (name == null || name.isBlank() || name.codePointCount(0, name.length()) > MAX) {
        return false;
      }
      if (name.codePoints().anyMatch(Validator::cannotBeStored)) {
        context.disableDefaultConstraintViolation();
        context
            .buildConstraintViolationWithTemplate(
                "must not have the character U+0000 or an unpaired surrogate")
            .addConstraintViolation();
        return false;
      }
      return true;
    }

    private static boolean cannotBeStored(int codePoint) {
      return codePoint == 0 || Character.getType(codePoint) == Character.SURROGATE;
    }
  }
}
