/* SPDX-License-Identifier: MIT */
// region c
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(luhn_is_valid);

/* returns whether the last digit is the check digit of the other digits */
Datum
luhn_is_valid(PG_FUNCTION_ARGS)
{
	char	   *digits = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			length = strlen(digits);
	int			sum = 0;

	for (int i = 0; i < length; i++)
	{
		int			digit = digits[length - 1 - i] - '0';

		if (digit < 0 || digit > 9)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					 errmsg("\"%s\" contains a character that is not a digit", digits)));
		if (i % 2 == 1)
			digit *= 2;
		sum += digit / 10 + digit % 10;
	}
	PG_RETURN_BOOL(length > 0 && sum % 10 == 0);
}
// endregion
