// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

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

/** A name that the greeting service greets: 1 to 50 characters that can be stored. */
@Documented
@Constraint(validatedBy = Username.Validator.class)
@Target(ElementType.FIELD)
@Retention(RetentionPolicy.RUNTIME)
@interface Username {
  /** Returns what is wrong. */
  String message() default
      "must have 1 to 50 characters that are not all blank, without U+0000 and unpaired surrogates";

  /** Returns the groups of Jakarta Validation. */
  Class<?>[] groups() default {};

  /** Returns the payload of Jakarta Validation. */
  Class<? extends Payload>[] payload() default {};

  /** Tells whether a name can be greeted. */
  final class Validator implements ConstraintValidator<Username, String> {
    @Override
    public boolean isValid(@Nullable String name, ConstraintValidatorContext context) {
      return name != null
          && !name.isBlank()
          && name.codePointCount(0, name.length()) <= 50
          && name.codePoints()
              .noneMatch(each -> each == 0 || Character.getType(each) == Character.SURROGATE);
    }
  }
}
