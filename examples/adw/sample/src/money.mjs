export const cents = amount => Math.round(amount * 100)

export function sum(...amounts) {
  return amounts.reduce((total, amount) => total + cents(amount), 0) / 100
}
